"""Where all residents' pages hang."""

from flask import Blueprint

blueprint = Blueprint("resident", __name__)
