"""Process designers: what is deployed, its diagrams and tables, and uploading new versions after a check."""
