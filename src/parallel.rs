//! Work shared out among all cores.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// What a worker makes of each, in their order. Every thread has a worker of its own, and there are no more of them than
/// one for so many pieces: of fewer, a thread has done with them before another one has begun.
pub fn map<T: Sync, R: Send, W: FnMut(&T) -> R>(all: &[T], for_each: usize, worker: impl Fn() -> W + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(all.len() / for_each + 1);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut worker = worker();
        let mut made = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(one) = all.get(index) else { return made };
            made.push((index, worker(one)));
        }
    };
    let mut made = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut made = work();
        for other in others {
            made.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        made
    });
    made.sort_by_key(|(index, _)| *index);
    made.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_comes_back_stands_in_the_order_of_what_went_in() {
        let all: Vec<usize> = (0..1000).collect();
        assert_eq!(super::map(&all, 10, || |number: &usize| number * 2), (0..2000).step_by(2).collect::<Vec<_>>());
        assert_eq!(super::map(&[] as &[usize], 10, || |number: &usize| *number), Vec::<usize>::new());
    }
}
