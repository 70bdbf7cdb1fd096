import threading

import torch

from understudy.blocks.kept import Kept, Scratch


def test_what_is_given_back_is_taken_again_and_never_by_two():
    kept = Kept()
    first, second = kept.take(3, 4), kept.take(12)
    assert first.data_ptr() != second.data_ptr()
    kept.give_back([first, first])
    again, other = kept.take(2, 6), kept.take(12)
    assert again.shape == (2, 6)
    assert again.data_ptr() == first.data_ptr()
    assert other.data_ptr() not in (again.data_ptr(), second.data_ptr())


def test_only_whole_pieces_that_were_taken_come_back():
    kept = Kept()
    foreign, taken = torch.zeros(12), kept.take(12)
    kept.give_back([foreign, taken[:6], taken.view(3, 4).t()])
    assert kept.take(12).data_ptr() not in (foreign.data_ptr(), taken.data_ptr())
    assert kept.take(6).data_ptr() != taken.data_ptr()


def test_after_a_step_is_closed_only_its_own_gradients_are_kept():
    kept = Kept()
    gradient, lost = kept.take(12), kept.take(12)
    kept.close([gradient])
    kept.give_back([lost])
    assert kept.take(12).data_ptr() == gradient.data_ptr()
    assert kept.take(12).data_ptr() != lost.data_ptr()


def test_what_is_forgotten_is_not_taken_again():
    kept = Kept()
    taken = kept.take(12)
    kept.give_back([taken])
    kept.forget()
    assert kept.take(12).data_ptr() != taken.data_ptr()


def test_each_thread_has_scratch_of_its_own():
    scratch, places = Scratch(), []
    here = scratch.take(5)
    other = threading.Thread(target=lambda: places.append(scratch.take(5)))
    other.start()
    other.join()
    assert places[0].data_ptr() != here.data_ptr()
    assert scratch.take(2, 2).data_ptr() == here.data_ptr()
    assert scratch.take(3, 5).shape == (3, 5)
