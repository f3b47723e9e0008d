"""nbval's runs share the cores, and are kept for the book."""

import one_thread

one_thread.in_workers()


def pytest_configure(config):
    """Let what passes be kept where the build looks for it."""
    from keep_runs import Keeper

    config.pluginmanager.register(Keeper(config.rootpath))
