"""Deletes the rows of a table that meet a filter, through PyIceberg and a REST catalog.

Arguments: the catalog's URI, its warehouse, the table, the filter.
"""
import sys

from pyiceberg.catalog import load_catalog

uri, warehouse, name, row_filter = sys.argv[1:]
load_catalog("rig", type="rest", uri=uri, warehouse=warehouse).load_table(name).delete(row_filter)
