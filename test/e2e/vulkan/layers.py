# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Khronos' validation layer around a process that uses Vulkan."""

import multiprocessing.util
import os
import pathlib
import tempfile

SETTINGS = """\
khronos_validation.debug_action = {action}
khronos_validation.report_flags = error,warn
khronos_validation.log_filename = {log}
khronos_validation.enables = {enables}
"""
# A message ends the process, so that none is overlooked.
ACTION = "VK_DBG_LAYER_ACTION_LOG_MSG,VK_DBG_LAYER_ACTION_BREAK"
ENABLES = "VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT"


class Layers:
    """The environment that switches the layer on for one process at a time,
    and what the layer says of it."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        # Processes of a pool leave without what atexit knows.
        multiprocessing.util.Finalize(
            self, self.folder.cleanup, exitpriority=0
        )
        self.log = pathlib.Path(self.folder.name, "log.txt")
        settings = pathlib.Path(self.folder.name, "vk_layer_settings.txt")
        settings.write_text(
            SETTINGS.format(action=ACTION, log=self.log, enables=ENABLES)
        )
        self.variables = {
            "VK_INSTANCE_LAYERS": "VK_LAYER_KHRONOS_validation",
            "VK_LAYER_SETTINGS_PATH": str(settings),
        }

    def environment(self, **others):
        return {**os.environ, **self.variables, **others}

    def message(self):
        """What the layer has said since a process last began to use Vulkan,
        or an empty string."""
        text = self.log.read_text() if self.log.exists() else ""
        return " ".join(text.split())
