"""nbval's runs are kept for the book."""


def pytest_configure(config):
    """Let what passes be kept where the build looks for it."""
    from keep_runs import Keeper

    config.pluginmanager.register(Keeper(config.rootpath))
