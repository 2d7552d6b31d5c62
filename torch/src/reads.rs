//! Reads by programs, which cannot wait: in a browser the elements of a tensor on the GPU arrive
//! later or not at all. A read without an answer stops the program; the answer is awaited, and the
//! program runs again from its start with all answers so far. So a program must be deterministic:
//! it may change only its own objects, and random numbers are drawn again from the same state.

use std::cell::RefCell;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use kindling::device::Array;
use kindling::read_many;
use kindling::{Error, Generator, Result, Tensor};

type Answer = Result<Vec<Array>>;

/// Reads of the running program.
#[derive(Default)]
struct Log {
    answers: Vec<Answer>,
    /// Number of answers given to the program in this run.
    given: usize,
    /// Read that stopped the program.
    waiting: Option<Pin<Box<dyn Future<Output = Answer>>>>,
}

thread_local! {
    static LOG: RefCell<Log> = RefCell::default();
}

/// Returns the elements of tensors of one device.
///
/// # Errors
/// The error of their computation; or they are pending, which ends this run of the program.
pub fn read(tensors: &[&Tensor]) -> Answer {
    LOG.with_borrow_mut(|log| {
        if log.waiting.is_none() {
            if let Some(answer) = log.answers.get(log.given) {
                log.given += 1;
                return answer.clone();
            }
            let owned: Vec<Tensor> = tensors.iter().map(|t| (*t).clone()).collect();
            let mut answer: Pin<Box<dyn Future<Output = Answer>>> =
                Box::pin(async move { read_many(&owned.iter().collect::<Vec<_>>()).await });
            match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(answer) => {
                    log.given += 1;
                    log.answers.push(answer.clone());
                    return answer;
                }
                Poll::Pending => log.waiting = Some(answer),
            }
        }
        Err(Error::value("python", "the elements are on their way"))
    })
}

/// Runs a program as often as its reads require.
///
/// # Errors
/// An error of the last run.
pub async fn replay<T, E>(program: impl Fn() -> Result<T, E>) -> Result<T, E> {
    let mut log = Log::default();
    let generator = Generator::current();
    loop {
        generator.make_current();
        // The log is the thread's while the program runs, so that programs may alternate while they
        // wait.
        let before = LOG.replace(Log { given: 0, ..log });
        let outcome = program();
        log = LOG.replace(before);
        match log.waiting.take() {
            Some(answer) => log.answers.push(answer.await),
            None => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kindling::{Device, block_on};
    use std::cell::Cell;

    /// Defers a read, which is answered at the second request.
    fn late(log: &mut Log) -> Error {
        let asked = Cell::new(false);
        log.waiting = Some(Box::pin(std::future::poll_fn(move |context| {
            context.waker().wake_by_ref();
            if asked.replace(true) { Poll::Ready(Ok(vec![Array::I32(vec![7])])) } else { Poll::Pending }
        })));
        Error::value("test", "on its way")
    }

    #[test]
    fn a_program_that_must_wait_runs_again_with_the_answer() {
        let runs = Cell::new(0);
        let program = || {
            runs.set(runs.get() + 1);
            let here = Tensor::from_slice(&[runs.get()], [1], &Device::cpu())?;
            let first = read(&[&here])?;
            let known = LOG.with_borrow(|log| log.answers.len());
            let second = if known == 1 { LOG.with_borrow_mut(|log| Err(late(log))) } else { read(&[&here]) }?;
            Ok::<_, Error>((first[0].to_f64()[0], second[0].to_f64()[0]))
        };
        assert_eq!(block_on(replay(program)), Ok((1.0, 7.0)));
        assert_eq!(runs.get(), 2);
    }
}
