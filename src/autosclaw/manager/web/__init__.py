"""The doors: REST routes, the two sockets, the page's files. Thin ways to the services."""
