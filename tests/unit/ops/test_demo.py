"""What the demo translates with, and into what."""

import pytest

from ops.demo import BY_DEEPL, BY_RULES, NEURAL, PRETENDED, DemoFailed, choose


def chosen(has_model=False, has_apertium=False, **environment):
    return choose(environment, has_model=has_model, has_apertium=has_apertium)


def test_without_a_word_it_takes_the_best_that_is_there_and_says_so():
    assert chosen(True, True, DEEPL_AUTH_KEY="k") == BY_DEEPL
    assert chosen(True, True) == NEURAL
    assert chosen(False, True) == BY_RULES
    assert "not installed" in chosen(False, True).said
    assert chosen() == PRETENDED
    assert "only look translated" in chosen().said
    assert chosen(True, True, DRAGOMAN_ENGINE="") == NEURAL


@pytest.mark.parametrize("engine", ["local", "apertium", "pseudo", "deepl"])
def test_the_engine_that_is_named_is_taken(engine):
    found = chosen(True, True, DRAGOMAN_ENGINE=engine, DRAGOMAN_DEEPL_AUTH_KEY="k")
    assert found.engine == engine
    assert found.target == ("es" if engine == "apertium" else "pt")


@pytest.mark.parametrize("engine", ["local", "apertium", "deepl", "openai"])
def test_an_engine_that_is_not_there_is_refused_in_words(engine):
    with pytest.raises(DemoFailed, match=engine):
        chosen(DRAGOMAN_ENGINE=engine)
