import pytest

from recognition.encoders.crew import WORTH_IT, Crew


def work(crew: Crew, cores: float, shards: int = 400) -> list[int]:
    """Let a crew work on a machine of so many cores' worth of time; its sizes in the order it had them.

    Workers who do not get a core each share what there is, and so does what takes its time to start beside them.
    """
    sizes = [crew.size]
    for _ in range(shards):
        crew.note(128, seconds=5 * max(crew.size / cores, 1))
        if crew.size != sizes[-1]:
            sizes.append(crew.size)
    return sizes


@pytest.mark.parametrize(("cores", "sizes"), [(2, [1, 2]), (8, [1, 2, 4, 8]), (6, [1, 2, 4, 6])])
def test_a_crew_grows_to_all_the_cores_that_are_there(cores: int, sizes: list[int]) -> None:
    crew = Crew(cores, measured=True)
    assert work(crew, cores) == sizes
    assert crew.settled
    assert crew.in_flight == 2 * cores


@pytest.mark.parametrize("paid", [2, 4])
def test_a_container_that_is_paid_fewer_cores_than_it_sees_gets_no_more_workers_than_it_is_paid(paid: int) -> None:
    crew = Crew(64, measured=True)
    assert work(crew, paid)[-1] == paid
    assert crew.settled
    assert crew.in_flight == paid


def test_a_second_worker_that_adds_nothing_is_given_no_more_work() -> None:
    crew = Crew(2, measured=True)
    assert work(crew, cores=1) == [1, 2, 1]
    assert crew.in_flight == 1


def test_a_gain_just_below_what_is_worth_it_is_not_taken_and_one_above_is() -> None:
    for gain, size in ((WORTH_IT - 0.01, 1), (WORTH_IT + 0.01, 2)):
        crew = Crew(2, measured=True)
        work(crew, cores=gain)
        assert crew.size == size


def test_shards_that_ran_beside_the_start_of_new_workers_decide_nothing() -> None:
    crew = Crew(2, measured=True)
    crew.note(128, seconds=5)
    for seconds in (60, 60, 5, 5):  # the first two were held up by a start
        crew.note(128, seconds)
    assert (crew.size, crew.settled) == (2, True)


def test_a_number_that_was_asked_for_is_not_measured() -> None:
    crew = Crew(7, measured=False)
    assert (crew.size, crew.settled, crew.in_flight) == (7, True, 14)
    assert work(crew, cores=1) == [7]
