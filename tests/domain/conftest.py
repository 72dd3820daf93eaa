"""Property tests here measure values, not the speed of a shared machine."""

from hypothesis import settings

settings.register_profile("domain", deadline=None)
settings.load_profile("domain")
