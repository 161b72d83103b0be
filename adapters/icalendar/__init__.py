"""Calendar files, by the library icalendar."""
