"""For running gunicorn by hand: ``gunicorn -c deploy/gunicorn.conf.py 'gateway.wsgi:create()'``.

The settings are those of ``gateway serve``. With preload_app off each worker opens its own database.
"""

from gateway import logs
from gateway.serving import end_new_workers_at_once, gunicorn_settings
from gateway.settings import Settings

_settings = Settings.from_environment()
logs.configure(_settings.log)
end_new_workers_at_once()
globals().update({**gunicorn_settings(_settings), "preload_app": False})
