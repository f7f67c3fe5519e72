//! Which ratio lies behind ratios that a busy machine has blurred.

/// The 95 % interval of the mean of the ratios, on their logarithms.
pub fn interval(ratios: &[f64]) -> (f64, f64) {
    let logs: Vec<f64> = ratios.iter().map(|ratio| ratio.ln()).collect();
    let n = logs.len() as f64;
    let mean = logs.iter().sum::<f64>() / n;
    let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let reach = student_t(logs.len() - 1) * (variance / n).sqrt();
    ((mean - reach).exp(), (mean + reach).exp())
}

/// The 97.5 % quantile of Student's t distribution.
fn student_t(freedom: usize) -> f64 {
    const TABLE: [f64; 10] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];
    match freedom {
        0 => f64::INFINITY,
        1..=10 => TABLE[freedom - 1],
        11..=19 => 2.10,
        _ => 2.09,
    }
}
