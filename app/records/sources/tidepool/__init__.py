"""Records in Tidepool's data model as documents: the same record is the same document, from the service or a file.

Pure functions over one record each; ``reading`` goes through many and joins those that speak of one event.
"""
