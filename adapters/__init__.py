"""One package for each platform. Each knows its own library and the core's values, ports and errors."""
