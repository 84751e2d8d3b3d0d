"""A use case that steps the library itself instead of asking the engine."""

import SpiffWorkflow.bpmn
