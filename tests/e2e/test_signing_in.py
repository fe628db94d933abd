"""Who may see the page, and where the credential never is."""

import pytest
from playwright.async_api import expect

from autosclaw.testing.live_manager import PASSWORD, USERNAME

from .conftest import Visiting

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

STORED = """
() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])
"""


async def test_wrong_password_then_right_then_out(visit: Visiting) -> None:
    person = await visit(signed_in=False)
    person.tolerate(r"status of 401 .*/auth/login$")
    page = person.page
    await page.goto(person.url)
    await page.get_by_label("Name").fill(USERNAME)
    await page.get_by_label("Password").fill("not-the-password")
    await person.button("Sign in").click()
    await expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    await expect(page.get_by_label("Name")).to_have_value(USERNAME)
    await person.shot("sign-in-refused")

    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Fleet", level=1)).to_be_visible()
    await person.is_live()
    assert await page.evaluate(STORED) == f'[{{}},{{}},"","{person.url}/"]'
    (cookie,) = await page.context.cookies()
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert not [address for address in person.asked if cookie["value"] in address]

    await person.button("Sign out").click()
    await expect(person.button("Sign in")).to_be_visible()
    assert await page.context.cookies() == []
    await page.reload()
    await expect(person.button("Sign in")).to_be_visible()


async def test_a_link_leads_where_it_points_after_signing_in(visit: Visiting) -> None:
    person = await visit(signed_in=False)
    person.tolerate(r"status of 404 .*/api/agents/")
    await person.page.goto(f"{person.url}/agents/nobody")
    await person.page.get_by_label("Name").fill(USERNAME)
    await person.page.get_by_label("Password").fill(PASSWORD)
    await person.page.keyboard.press("Enter")
    await expect(person.page.get_by_text("There is no such agent.")).to_be_visible()
