"""The run: journal, executor, runner process, supervisor process, control."""
