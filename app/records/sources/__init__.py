"""What is known of a document because of where it came from, whether a cloud, a file or an app brought it.

The shapes in which records of a vendor are written, the kinds people switch on and off, the order in which sources are
believed, and the judgement whether two records are one event. Uploaders and importers map into these shapes and save
through here, so that a bolus from a pump's cloud, from its export file and from the loop's own upload is one bolus.
"""
