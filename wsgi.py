"""What a server runs: `gunicorn wsgi:application`."""

from survey import create_app

application = create_app()
