"""The guided form of a programme: what it asks, and how what is typed becomes the document."""
