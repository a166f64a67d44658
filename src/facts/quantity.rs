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
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = text.split_at(text.len() - unsigned.len() + digits);
    let number: f64 = number.parse().ok()?;
    let amount = match SUFFIXES.iter().find(|(known, _)| *known == suffix) {
        Some((_, scale)) => number * scale,
        // `1e3`, of which a number with a fraction is no exponent.
        None => text.parse().ok()?,
    };
    amount.is_finite().then_some(amount)
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
    // As exact as it is shown.
    let of_no_unit = if is_bytes(resource) || amount >= 10.0 { 0.1 } else { 0.001 };
    let step = unit.map_or(of_no_unit, |(_, scale)| scale / 10.0);
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
    fn what_is_no_quantity_is_none() {
        for text in [
            "", "-", ".", "+", "Ki", "1 ", " 1", "1kb", "1ki", "1K", "1e", "1e3Ki", "1e3m", "1.2.3", "0x10", "1_000",
            "inf", "infm", "NaN", "nanKi", "1e999", "--1", "1-", "１",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_number_of_a_unit_is_as_many_times_that_unit() {
        let mut random = crate::random::Random::new(1);
        for _ in 0..2000 {
            let (whole, sign) = (random.below(100_000), *random.one(&["", "+", "-"]));
            let (suffix, scale) = *random.one(&SUFFIXES);
            let text = format!("{sign}{whole}.{}{suffix}", ["", "0", "5", "50"][random.below(4)]);
            let fraction = if text.contains(".5") { 0.5 } else { 0.0 };
            let wanted = (whole as f64 + fraction) * scale * if sign == "-" { -1.0 } else { 1.0 };
            let read = parse(&text).unwrap();
            assert!((read - wanted).abs() <= wanted.abs() * 1e-12, "{text} is {read}, not {wanted}");
        }
    }

    #[test]
    fn what_is_shown_is_read_back_as_about_as_much_and_what_still_fits_as_no_more() {
        let mut random = crate::random::Random::new(2);
        for _ in 0..2000 {
            let resource = *random.one(&["memory", "cpu", "ephemeral-storage", "pods", "example.com/gpu"]);
            let amount = random.below(1 << 40) as f64 / *random.one(&[1.0, 1000.0, 1_048_576.0]);
            let read = |text: String| parse(&text).unwrap_or_else(|| panic!("{text}"));
            let shown = read(show(resource, amount));
            assert!((shown - amount).abs() <= 0.1 + amount * 0.06, "{amount} of {resource} is shown as {shown}");
            let at_most = read(show_at_most(resource, amount));
            assert!(at_most <= amount + 1e-6 + amount * 1e-9, "{at_most} of {resource} is more than {amount}");
        }
    }

    #[test]
    fn any_text_is_read_or_refused() {
        let mut random = crate::random::Random::new(3);
        for _ in 0..5000 {
            let text = random.text(
                &["1", "9", "0", ".", "-", "+", "e", "E", "i", "K", "M", "m", "n", "k", "é", " ", "inf", "nan"],
                6,
            );
            let (twice, raised) = (twice(&text), raised(&text));
            if let Some(amount) = parse(&text) {
                assert!(amount.is_finite(), "{text} is {amount}");
                if amount >= 0.0 && !text.starts_with(['+', '-']) {
                    assert!(
                        parse(&twice).unwrap() >= amount && parse(&raised).unwrap() >= amount,
                        "{text}: {twice}, {raised}"
                    );
                }
            }
        }
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
        assert_eq!(show_at_most("cpu", 15.96), "15.9");
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
