"""Tests of the first mile."""
