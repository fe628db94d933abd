"""Settings: every bad one is one sentence that names it."""

from pathlib import Path

import pytest

from autosclaw.manager.settings import OnShutdown, RuntimeName, SettingsError, load

BAD = [
    ("PORT", "x"), ("PORT", "-1"), ("PORT", "65536"), ("AGENT_PORT", "70000"),
    ("BIND", "localhost"), ("BIND", "256.1.1.1"), ("LOG_LEVEL", "loud"),
    ("RUNTIME", "podman"), ("CREDENTIALS", "both"), ("AGENTS_ON_SHUTDOWN", "perhaps"),
    ("ALLOW_REGISTRATION", "maybe"), ("AGENT_MEMORY_MB", "1"), ("AGENT_CPUS", "0"),
    ("JWT_SECRET", "short"), ("ADMIN_USERNAME", "only-the-name"), ("ADMIN_PASSWORD", "only-this"),
    ("ANTHROPIC_BASE_URL", "api.example.com"), ("DATA_DIR", " "), ("REHEARSAL", "sure?"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in {name for name, _ in BAD} | {"ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"}:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_setting_is_one_sentence_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load()
    sentence = str(refused.value)
    assert name in sentence
    assert "\n" not in sentence
    assert len(sentence) < 200


@pytest.mark.parametrize("secret", ["JWT_SECRET", "ADMIN_PASSWORD"])
def test_a_bad_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setenv("ADMIN_USERNAME", "admin")
    monkeypatch.setenv("ADMIN_PASSWORD", "long enough")
    monkeypatch.setenv(secret, "pssst")
    with pytest.raises(SettingsError) as refused:
        load()
    assert secret in str(refused.value)
    assert "pssst" not in str(refused.value)


def test_defaults_are_the_contracts() -> None:
    settings = load()
    assert (settings.port, settings.agents_port, settings.bind) == (4000, 4001, "127.0.0.1")
    assert settings.agents_on_shutdown is OnShutdown.STOP
    assert settings.runtime is None
    assert settings.default_model == "claude-opus-4-6"
    assert settings.allow_registration is False
    assert settings.data_dir == Path.home() / ".local/share/autosclaw"
    assert not settings.has_credential


def test_the_environment_wins_over_the_env_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("PORT=5001\nRUNTIME=process\nUNKNOWN=1\n")
    monkeypatch.setenv("PORT", "5002")
    settings = load()
    assert (settings.port, settings.runtime) == (5002, RuntimeName.PROCESS)


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-very-secret")
    monkeypatch.setenv("JWT_SECRET", "j" * 32)
    shown = repr(load()) + str(load().model_dump())
    assert "sk-very-secret" not in shown
    assert "jjjj" not in shown
