"""LibreView's export, and the table of the older reader's program."""
