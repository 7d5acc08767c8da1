"""What the database remembers beside the ledgers: translations, services, engines, times."""

from __future__ import annotations

import pytest

from dragoman.db.clock import now_s
from dragoman.db.engine import Database
from dragoman.db.ledgers import jobs
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.queries import history
from dragoman.db.queries.history import FIRST_GUESS_S, STAGE_TIMES
from dragoman.db.records import process_registry, translation_memory
from dragoman.db.records.process_registry import HEARTBEATS
from dragoman.db.records.translation_memory import TRANSLATIONS
from dragoman.domain.job import RowState, Stage, WaitingFor
from dragoman.ports import Capabilities
from tests import row_values
from tests.races import together
from tests.rows import add_job, change, claim_job, complete, row

DEEPL = Capabilities(
    "deepl", frozenset({"de", "fr"}), None, frozenset({"de"}), frozenset({"en-GB"})
)
APERTIUM = Capabilities(
    "apertium", frozenset({"es", "ca"}), frozenset({("en", "es"), ("en", "ca")})
)


class TestMemory:
    def test_remembers_and_recalls(self, database):
        remember(database, {"k1": "eins", "k2": "zwei"})
        assert recall(database, ["k2", "k3"]) == {"k2": "zwei"}
        assert recall(database, []) == {}

    def test_the_first_answer_stays(self, database):
        remember(database, {"k": "first"})
        remember(database, {"k": "second"})
        assert recall(database, ["k"]) == {"k": "first"}

    def test_two_jobs_that_learn_the_same_do_not_fail(self, database):
        together(
            4, lambda number: remember(database, {f"k{index}": str(number) for index in range(20)})
        )
        assert len(recall(database, [f"k{index}" for index in range(20)])) == 20

    def test_thousands_of_keys_are_recalled(self, database):
        remember(database, {f"k{index}": "x" for index in range(1200)})
        assert len(recall(database, (f"k{index}" for index in range(2000)))) == 1200

    def test_a_job_is_forgotten_with_what_it_taught(self, database):
        remember(database, {"k1": "x"}, job_id="a")
        remember(database, {"k2": "y"}, job_id="b")
        with database.write() as connection:
            assert translation_memory.forget_job(connection, "a") == ["k1"]
        assert recall(database, ["k1", "k2"]) == {"k2": "y"}

    def test_what_nobody_asks_for_is_forgotten(self, database):
        remember(database, {"old": "x", "used": "y"})
        with database.write() as connection:
            connection.execute(TRANSLATIONS.update().values(used_at=now_s() - 8 * 86400))
        recall(database, ["used"])
        with database.write() as connection:
            assert translation_memory.forget_unused(connection, 7) == 1
        assert recall(database, ["old", "used"]) == {"used": "y"}


class TestPresence:
    def test_capabilities_come_back_as_they_were_published(self, database):
        publish(database, [DEEPL, APERTIUM])
        with database.read() as connection:
            assert process_registry.published(connection) == [APERTIUM, DEEPL]

    def test_newer_capabilities_replace_older_ones(self, database):
        publish(database, [DEEPL, APERTIUM])
        publish(database, [Capabilities("deepl", frozenset({"ja"}))])
        with database.read() as connection:
            assert process_registry.published(connection) == [
                Capabilities("deepl", frozenset({"ja"}))
            ]

    def test_workers_with_different_engines_do_not_overwrite_each_other(self, database):
        publish(database, [APERTIUM], "worker@a")
        publish(database, [DEEPL], "worker@b")
        publish(database, [APERTIUM], "worker@a")
        with database.read() as connection:
            assert process_registry.published(connection) == [APERTIUM, DEEPL]

    def test_nothing_is_known_before_a_worker_has_spoken_and_none_is_known_of_one_without_engines(
        self, database
    ):
        with database.read() as connection:
            assert process_registry.targets(connection) is None
        publish(database, [], "worker@a")
        with database.read() as connection:
            assert process_registry.published(connection) == []
            assert process_registry.targets(connection) == frozenset()
        publish(database, [DEEPL], "worker@b")
        with database.read() as connection:
            assert process_registry.published(connection) == [DEEPL]
            assert process_registry.targets(connection) == DEEPL.targets
        publish(database, [APERTIUM], "worker@a")
        with database.read() as connection:
            assert process_registry.published(connection) == [APERTIUM, DEEPL]

    def test_an_engine_can_what_it_can_on_some_worker(self, database):
        publish(
            database,
            [Capabilities("apertium", frozenset({"es"}), pairs=frozenset({("en", "es")}))],
            "worker@a",
        )
        publish(
            database,
            [Capabilities("apertium", frozenset({"ca"}), pairs=frozenset({("es", "ca")}))],
            "worker@b",
        )
        with database.read() as connection:
            (known,) = process_registry.published(connection)
        assert known.targets == {"es", "ca"}
        assert known.pairs == {("en", "es"), ("es", "ca")}

    def test_a_worker_that_the_others_outlive_no_longer_counts(self, database):
        publish(database, [APERTIUM], "worker@gone")
        publish(database, [DEEPL], "worker@b")
        age(database, "worker@gone", process_registry.EXPIRES_S + 60)
        with database.write() as connection:
            assert process_registry.published(connection) == [DEEPL]
            # its engines could not be asked, but it lives
            process_registry.stand_by(connection, "worker@gone")
            assert process_registry.published(connection) == [APERTIUM, DEEPL]

    def test_the_last_word_stands_while_all_workers_are_away(self, database):
        publish(database, [DEEPL], "worker@a")
        age(database, "worker@a", 86_400)
        with database.write() as connection:
            process_registry.forget_silent(connection, 7)
            assert process_registry.published(connection) == [DEEPL]

    def test_a_pulse_is_there_until_the_process_ends_or_is_long_silent(self, database):
        with database.write() as connection:
            process_registry.pulse(connection, "worker@a", 7, {"cpu_s": 1.0})
            process_registry.pulse(connection, "worker@a", 7, {"cpu_s": 2.0})
            process_registry.pulse(connection, "worker@a", 8, {})
            assert [(one.pid, one.facts) for one in process_registry.pulses(connection)] == [
                (7, {"cpu_s": 2.0}),
                (8, {}),
            ]
            process_registry.end_pulse(connection, "worker@a", 8)
            assert [one.pid for one in process_registry.pulses(connection)] == [7]
            assert process_registry.pulses(connection, within_s=-1.0) == []

    def test_workers_may_publish_at_the_same_time(self, database):
        together(4, lambda _: publish(database, [APERTIUM, DEEPL]))
        with database.read() as connection:
            assert len(process_registry.published(connection)) == 2

    def test_beats_are_seconds_ago(self, database):
        with database.write() as connection:
            process_registry.beat(connection, "worker@a", {"pid": 1})
            process_registry.beat(connection, "worker@a", {"pid": 2})
        with database.read() as connection:
            assert 0 <= process_registry.alive(connection)["worker@a"] < 60
            assert process_registry.said(connection, "worker@a") == {"pid": 2}
            assert process_registry.said(connection, "worker@b") == {}

    def test_silent_services_are_forgotten(self, database):
        with database.write() as connection:
            process_registry.beat(connection, "worker@a")
            process_registry.beat(connection, "worker@b")
            connection.execute(
                HEARTBEATS.update().where(HEARTBEATS.c.service == "worker@a").values(seen_at=0.0)
            )
            process_registry.forget_silent(connection, 1)
            assert list(process_registry.alive(connection)) == ["worker@b"]


class TestHistory:
    def test_first_guess_before_there_is_history(self, database):
        assert a_page(database, Stage.TRANSLATE) == FIRST_GUESS_S[Stage.TRANSLATE]

    def test_median_of_seconds_a_page(self, database):
        # 10 s for 10 pages, 3 s for 1, 8 s for 4: 1, 3, 2 seconds a page.
        note(database, (10, 10.0), (1, 3.0), (4, 8.0))
        assert a_page(database, Stage.TRANSLATE, "deepl") == 2.0

    def test_an_engine_has_its_own_history_once_it_has_one(self, database):
        note(database, (1, 3.0))
        assert a_page(database, Stage.TRANSLATE, "pseudo") == 3.0
        with database.write() as connection:
            history.note(connection, Stage.TRANSLATE, "pseudo", 1, 0.25)
        assert a_page(database, Stage.TRANSLATE, "pseudo") == 0.25

    def test_only_the_newest_runs_count(self, database):
        note(database, *[(1, 100.0)] * 60)
        with database.write() as connection:
            connection.execute(STAGE_TIMES.update().values(ended_at=now_s() - 60))
        note(database, *[(1, 1.0)] * 50)
        assert a_page(database, Stage.TRANSLATE) == 1.0

    def test_old_history_is_forgotten(self, database):
        note(database, (1, 100.0))
        with database.write() as connection:
            connection.execute(STAGE_TIMES.update().values(ended_at=0.0))
            history.forget_old(connection, 90)
        assert a_page(database, Stage.TRANSLATE) == FIRST_GUESS_S[Stage.TRANSLATE]


class TestEta:
    def test_is_what_all_stages_take(self, database):
        # 5 pages, as long as nobody knows better: 5 * (0.1 + 0.5 + 0.2) = 4 s.
        assert eta(database, add_job(database)) == 4

    def test_grows_with_the_queue_in_front(self, database):
        first = add_job(database)
        change(database, JOBS, first, created_at=0.0)
        assert eta(database, add_job(database)) == 8  # 4 for the one in front, 4 of its own

    def test_queue_is_what_is_left_of_the_pages_in_front_shared_by_all_places(self, database):
        for facts in (
            {"pages": 100, "progress": 50},
            {"pages": 40},
            {"pages": 1000, "state": RowState.WAITING},
        ):
            change(database, JOBS, add_job(database), created_at=0.0, **facts)
        job_id = add_job(database)
        assert eta(database, job_id) == pytest.approx(90 * 0.8 + 4, abs=1)
        with database.write() as connection:
            for pid in (1, 2):
                process_registry.pulse(connection, "worker@a", pid, {"slots": 3})
            process_registry.pulse(connection, "notifier@a", 3, {"slots": 4})
        assert eta(database, job_id) == 4  # with two in front of it one of six places is its own
        for _ in range(5):
            change(database, JOBS, add_job(database), created_at=0.0, pages=60)
        assert eta(database, job_id) == pytest.approx((90 + 5 * 60) * 0.8 / 6 + 4, abs=1)

    def test_the_queue_of_another_sender_counts_as_far_as_it_is_shared(self, database):
        for _ in range(5):
            change(database, JOBS, add_job(database), created_at=0.0, pages=60)
        job_id = add_job(database, owner="bea@example.org")
        # the other gets as much as it meanwhile
        assert eta(database, job_id) == pytest.approx(4 + 4, abs=1)

    def test_who_is_kept_out_by_one_sender_waits_for_nobody(self, database):
        first = add_job(database, pages=1000)
        claim_job(database, first)
        assert eta(database, add_job(database)) > 100  # behind an earlier one of its own
        assert eta(database, add_job(database, owner="bea@example.org")) == 4

    def test_what_takes_longer_than_such_stages_do_is_taken_to_be_half_done(self, database):
        first = add_job(database, pages=1)
        claim_job(database, first)
        change(database, JOBS, first, stage_since=now_s() - 500)
        assert eta(database, add_job(database)) == pytest.approx(504, abs=2)

    def test_what_nobody_has_read_is_as_long_as_what_was_read_lately(self, database):
        with database.write() as connection:
            for pages in (1, 1, 1, 40):
                history.note(connection, Stage.EXTRACT, "deepl", pages, 0.1 * pages)
        assert eta(database, add_job(database)) == 1

    def test_of_a_job_at_work_knows_its_pages_and_no_queue(self, database):
        change(database, JOBS, add_job(database), created_at=0.0)
        job_id = add_job(database, pages=100)
        claim_job(database, job_id)
        assert eta(database, job_id) == pytest.approx(80, abs=1)  # 100 * 0.8

    def test_knows_whether_a_tone_was_asked_for(self, database):
        toned = {"target_lang": "de", "tone": "formal"}
        job_id = add_job(database, pages=100, options=toned)
        assert eta(database, job_id) == pytest.approx(85, abs=1)  # 100 * (0.1 + 0.5 + 0.05 + 0.2)

    def test_between_two_stages_is_not_back_in_the_queue(self, database):
        change(database, JOBS, add_job(database), created_at=0.0)
        job_id = add_job(database, pages=100)
        held = claim_job(database, job_id)
        with database.write() as connection:
            jobs.finish_stage(connection, held, "jobs/1/x/1.json")
        assert eta(database, job_id) == pytest.approx(70, abs=1)  # 100 * (0.5 + 0.2)

    def test_shrinks_while_a_stage_runs_and_never_reaches_zero(self, database):
        job_id = add_job(database, pages=100)
        claim_job(database, job_id)
        change(database, JOBS, job_id, stage_since=now_s() - 5)
        assert eta(database, job_id) == pytest.approx(75, abs=1)
        change(database, JOBS, job_id, stage_since=now_s() - 5000)
        assert eta(database, job_id) >= 70

    @pytest.mark.parametrize(
        ("progress", "left_s"),
        [
            # translation has not begun to tell: 4 pages at the 0.5 s of other documents
            (10, 0.5 + 0.8),
            (11, 60 * 59 + 0.8),  # a sixtieth of it took a minute
            (40, 60 + 0.8),  # half of it
        ],
    )
    def test_goes_by_the_stages_own_speed_where_pages_are_not_as_others(
        self, database, progress, left_s
    ):
        job_id = add_job(database, pages=4)
        change(database, JOBS, job_id, stage=Stage.TRANSLATE)
        claim_job(database, job_id)
        change(database, JOBS, job_id, stage_since=now_s() - 60, progress=progress)
        assert eta(database, job_id) == pytest.approx(left_s, rel=0.05, abs=2)

    def test_nobody_knows_how_long_a_person_takes(self, database):
        job_id = add_job(database, pages=10)
        held = claim_job(database, job_id)
        with database.write() as connection:
            held.wait(connection, WaitingFor.APPROVAL, 60)
        assert eta(database, job_id) is None

    def test_ends_with_the_job(self, database):
        job_id = add_job(database)
        complete(database, job_id)
        assert eta(database, job_id) is None


def remember(database: Database, texts: dict[str, str], job_id: str = "job") -> None:
    with database.write() as connection:
        translation_memory.remember(
            connection, texts, engine="deepl", target_lang="de", job_id=job_id
        )


def recall(database: Database, keys) -> dict[str, str]:
    with database.write() as connection:
        return translation_memory.recall(connection, keys)


def age(database: Database, worker: str, seconds: float) -> None:
    """As if the worker had published so much earlier."""
    table = process_registry.CAPABILITIES
    with database.write() as connection:
        older = (
            table.update().where(table.c.worker == worker).values(seen_at=table.c.seen_at - seconds)
        )
        connection.execute(older)


def publish(database: Database, known: list[Capabilities], worker: str = "worker@a") -> None:
    with database.write() as connection:
        process_registry.publish(connection, worker, known)


def note(database: Database, *runs: tuple[int, float]) -> None:
    with database.write() as connection:
        for pages, seconds in runs:
            history.note(connection, Stage.TRANSLATE, "deepl", pages, seconds)


def a_page(database: Database, stage: Stage, engine: str | None = None) -> float:
    with database.read() as connection:
        return history.seconds_a_page(connection, stage, engine)


def eta(database: Database, job_id: str) -> int | None:
    with database.read() as connection:
        return history.eta_s(connection, row_values.job(row(database, JOBS, job_id)))
