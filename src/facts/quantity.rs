//! Kubernetes quantities (`100m`, `64Mi`), as numbers
//! (<https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>).

const SUFFIXES: [(&str, f64); 16] = [
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1.099_511_627_776e12),
    ("Pi", 1.125_899_906_842_624e15),
    ("Ei", 1.152_921_504_606_847e18),
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
    ("", 1.0),
];

/// A quantity as a number of its unit (cores, bytes); nothing where it is not one.
pub fn parse(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return number.is_finite().then_some(number);
    }
    let (suffix, scale) = SUFFIXES.iter().find(|(suffix, _)| !suffix.is_empty() && text.ends_with(suffix))?;
    text.strip_suffix(suffix)?.parse::<f64>().ok().map(|number| number * scale)
}

fn is_bytes(resource: &str) -> bool {
    resource == "memory" || resource.contains("storage") || resource.starts_with("hugepages-")
}

/// Bytes or cores in the largest unit that keeps it short: `1.5Gi`, `250m`.
pub fn show(resource: &str, amount: f64) -> String {
    if is_bytes(resource) {
        let unit = SUFFIXES[..6].iter().rev().find(|(_, scale)| amount.abs() >= *scale);
        return unit.map_or_else(|| trimmed(amount), |(suffix, scale)| format!("{}{suffix}", trimmed(amount / scale)));
    }
    if amount.fract() != 0.0 && amount.abs() < 10.0 {
        return format!("{}m", (amount * 1000.0).round());
    }
    trimmed(amount)
}

/// The same, rounded down: what still fits.
pub fn show_at_most(resource: &str, amount: f64) -> String {
    let unit = SUFFIXES[..6].iter().rev().find(|(_, scale)| is_bytes(resource) && amount >= *scale);
    let step = unit.map_or(0.001, |(_, scale)| scale / 10.0);
    show(resource, (amount / step + 1e-6).floor() * step)
}

/// Twice a quantity in the same unit, rounded up; empty where it is not one.
pub fn twice(text: &str) -> String {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    match text[..digits].parse::<f64>() {
        Ok(number) => format!("{}{}", (number * 2.0).ceil(), &text[digits..]),
        Err(_) => String::new(),
    }
}

/// An amount of memory to try next: twice as much, and at least 100Mi more, which is the Vertical Pod Autoscaler's step
/// after a container was killed (`--oom-min-bump-up-bytes`); empty where it is no quantity.
/// <https://github.com/kubernetes/autoscaler/blob/master/vertical-pod-autoscaler/docs/flags.md>
pub fn raised(text: &str) -> String {
    const STEP: f64 = 100.0 * 1024.0 * 1024.0;
    match parse(text) {
        Some(bytes) if bytes < STEP => show("memory", bytes + STEP),
        _ => twice(text),
    }
}

fn trimmed(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_the_api_writes_them() {
        for (text, number) in [
            ("100m", 0.1),
            ("2", 2.0),
            ("64Mi", 67_108_864.0),
            ("1k", 1000.0),
            ("1e3", 1000.0),
            ("1.5Gi", 1_610_612_736.0),
        ] {
            assert!((parse(text).unwrap() - number).abs() < 1e-6, "{text}");
        }
        assert_eq!(parse("much"), None);
    }

    #[test]
    fn amounts_are_shown_in_a_unit_that_keeps_them_short() {
        assert_eq!(show("memory", 67_108_864.0), "64Mi");
        assert_eq!(show("memory", 900.0 * 1_073_741_824.0), "900Gi");
        assert_eq!(show("cpu", 0.25), "250m");
        assert_eq!(show("cpu", 64.0), "64");
        assert_eq!(show("pods", 3.0), "3");
    }

    #[test]
    fn what_still_fits_is_rounded_down() {
        assert_eq!(show("memory", 23.09 * 1_073_741_824.0), "23.1Gi");
        assert_eq!(show_at_most("memory", 23.09 * 1_073_741_824.0), "23Gi");
        assert_eq!(show_at_most("cpu", 2.0 - 0.04), "1960m");
        assert_eq!(show_at_most("nvidia.com/gpu", 1.0), "1");
    }

    #[test]
    fn memory_is_raised_by_a_step_that_helps_small_limits_too() {
        assert_eq!(raised("64Mi"), "164Mi");
        assert_eq!(raised("256Mi"), "512Mi");
        assert_eq!(raised("1G"), "2G");
        assert_eq!(raised(""), "");
    }

    #[test]
    fn twice_keeps_the_unit() {
        assert_eq!(twice("64Mi"), "128Mi");
        assert_eq!(twice("1.5Gi"), "3Gi");
        assert_eq!(twice(""), "");
    }
}
