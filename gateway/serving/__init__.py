"""Running the application: gunicorn, its worker, and what a start needs."""
