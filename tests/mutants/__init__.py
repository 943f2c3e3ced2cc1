"""Breaks the code behind each promise in small ways, and tells what no test noticed."""
