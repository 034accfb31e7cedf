"""The files of an OpenAPS rig."""
