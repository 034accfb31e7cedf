"""What a document is: normalise, identify, deduplicate, save, search, delete; one module for each collection.

The only way into the store for health data, whoever sends it. Surfaces bring parsed values and take documents; nothing
here knows HTTP, and nothing here decides who may do it.
"""
