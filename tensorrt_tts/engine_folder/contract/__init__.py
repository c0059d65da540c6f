"""The part of `tensorrt_llm` that this toolkit calls, as data, and the check against it.

`trtllm-<version>.json` lists every callable we use with its parameters and defaults, the names that
look right but are not accepted (with the reason), and where each list comes from. Every keyword is
checked before the call: `PluginConfig` of 1.2 ignores unknown names silently, and a misspelt
`BuildConfig` field would otherwise be found on a rented GPU.
"""

from tensorrt_tts.engine_folder.contract.contract import Callable, Contract, contract_for

__all__ = ["Callable", "Contract", "contract_for"]
