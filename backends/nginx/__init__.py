"""nginx, as a small web server of Mailstead's own."""
