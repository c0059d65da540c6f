"""The page's list of voices, of one language or several."""

from pathlib import Path

from tests.support.chromium import Page, chromium_page
from tests.support.server_thread import ServerThread
from tests.support.speech_page import NEEDS_CHROMIUM, write

pytestmark = NEEDS_CHROMIUM

SEVERAL = """
const askServer = fetch;
globalThis.fetch = async (address, options) => {
  const response = await askServer(address, options);
  if (!String(address).endsWith("/v1/audio/voices")) return response;
  const about = await response.json();
  about.voices = [{ name: "heart", language: "en" },
    { name: "hf_alpha", language: "hi", friendly_name: "Asha" },
    { name: "hm_psi", language: "hi", friendly_name: "Kabir" }];
  return { ok: true, status: 200, json: async () => about };
};
"""
TEXT_VALUE = "document.querySelector('#text').value"


def chooses(voice: str) -> str:
    return (
        f"(() => {{ const list = document.querySelector('#voice'); list.value = '{voice}'; "
        "list.dispatchEvent(new Event('change')); })()"
    )


async def test_voices_of_several_languages_are_grouped_and_offer_a_sentence(
    server: ServerThread, tmp_path: Path
) -> None:
    async with chromium_page(tmp_path) as page:
        await page.open(f"http://127.0.0.1:{server.port}/test", SEVERAL)
        await page.until("document.querySelectorAll('#voice option').length === 3")
        groups = "[...document.querySelectorAll('#voice optgroup')].map((group) => [group.label, "
        groups += "...[...group.children].map((option) => option.textContent)].join()).join(';')"
        assert (
            await page.value(groups) == "English,heart (English);Hindi,Asha (Hindi),Kabir (Hindi)"
        )
        english = await page.value(TEXT_VALUE)
        await page.value(chooses("hm_psi"))
        hindi = await page.value(TEXT_VALUE)
        assert {ord(letter) >> 7 for letter in hindi if letter.isalpha()} == {0x0900 >> 7}
        await page.value(chooses("heart"))
        assert await page.value(TEXT_VALUE) == english
        await write(page, "My own words.")
        await page.value(chooses("hf_alpha"))
        assert await page.value(TEXT_VALUE) == "My own words."
        assert page.problems == []


async def test_voices_of_one_language_are_a_plain_list(page: Page) -> None:
    assert await page.value("document.querySelectorAll('#voice optgroup').length") == 0
