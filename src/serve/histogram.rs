//! How long something took, as Prometheus counts it.

use std::time::Duration;

/// How often something took up to each of some bounds.
#[derive(Debug, Clone)]
pub struct Histogram {
    // Seconds, and how often it took at most those and more than the bound before.
    buckets: Vec<(f64, u64)>,
    count: u64,
    sum: f64,
}

impl Histogram {
    /// With these bounds in seconds, the lowest first.
    pub fn of(bounds: &[f64]) -> Self {
        Self { buckets: bounds.iter().map(|bound| (*bound, 0)).collect(), count: 0, sum: 0.0 }
    }

    /// It took so long this time.
    pub fn observe(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        self.count += 1;
        self.sum += seconds;
        if let Some((_, count)) = self.buckets.iter_mut().find(|(bound, _)| seconds <= *bound) {
            *count += 1;
        }
    }

    /// Each bound in seconds, and how often it took at most that.
    pub fn up_to(&self) -> impl Iterator<Item = (f64, u64)> {
        self.buckets.iter().scan(0, |below, (bound, count)| {
            *below += count;
            Some((*bound, *below))
        })
    }

    /// How often in all.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many seconds in all.
    pub fn sum(&self) -> f64 {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_counts_what_took_less_as_well_and_what_is_over_all_bounds_only_in_all() {
        let mut histogram = Histogram::of(&[0.5, 1.0]);
        [100, 500, 600, 5000].into_iter().for_each(|ms| histogram.observe(Duration::from_millis(ms)));
        assert_eq!(histogram.up_to().collect::<Vec<_>>(), [(0.5, 2), (1.0, 3)]);
        assert_eq!((histogram.count(), histogram.sum()), (4, 6.2));
    }
}
