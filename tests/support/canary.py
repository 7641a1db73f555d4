"""Text that runs as a script wherever it is not shown as text: it would set `window.canary`."""

from typing import Any

from selenium.common.exceptions import NoAlertPresentException

RUN = "window.canary=1"
TEXTS = (
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"</style></title><svg onload={RUN}>",
    f"'\"><img src=x onerror={RUN}>",
    f'" autofocus onfocus="{RUN}" x="',
    f"javascript:{RUN}//",
    f"[link](javascript:{RUN})",
    f'![picture](x"onerror="{RUN})',
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"{{{{constructor.constructor('{RUN}')()}}}}",
    f"--><details open ontoggle={RUN}>",
    f"\u202e<b onclick={RUN}>",
)


def sang(browser: Any) -> bool:
    """Whether any of the texts ran in the page on show, or in one that it opened."""
    try:
        browser.switch_to.alert.dismiss()
    except NoAlertPresentException:
        return bool(browser.execute_script("return window.canary === 1")) or len(browser.window_handles) > 1
    return True
