"""Reads, checks and runs BPMN and DMN. The only room that knows SpiffWorkflow; plain values in and out."""
