"""Sizes as asv's `mem_` takes them: a copy beside the original, measured by pympler.

asv copies an object shallowly and reports what the copy adds, which is next to nothing for a structure that shares
its parts. `Made` is copied by making another one, so that the figure is what one more costs.
"""


class Made:
    """An object and how to make another; what pympler cannot see (closures) is not in the figure."""

    def __init__(self, make):
        self.make = make
        self.value = make()

    def __copy__(self):
        return Made(self.make)
