"""Templates of official documents (公文模板): their fields, a filled example, the one in force, uploading one edited in Word."""
