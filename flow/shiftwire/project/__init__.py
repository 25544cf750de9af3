"""A project folder: design.json, weights, hls/, rtl/, and rows of figures in reports/; imports schedule and hls."""

from shiftwire.project.project import Backend, Project, load_project, write_project

__all__ = ["Backend", "Project", "load_project", "write_project"]
