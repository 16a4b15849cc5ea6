"""Virtual stations from the command line and the console."""
