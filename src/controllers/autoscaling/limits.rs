//! How fast an autoscaler may act: stabilisation, policies, and the bounds of its spec.

use std::time::Duration;

use k8s_openapi::api::autoscaling::v2::HPAScalingRules;

use super::Pass;
use crate::sim::Time;

/// `--horizontal-pod-autoscaler-downscale-stabilization`
const DOWN_WINDOW: i32 = 300;
/// The longest window or period that there is.
const KEPT: Duration = Duration::from_secs(3600);

/// What an autoscaler has wanted and done.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    recommendations: Vec<(Time, i32)>,
    ups: Vec<(Time, i32)>,
    downs: Vec<(Time, i32)>,
}

impl History {
    /// Before the first recommendation, the present number counts as one.
    pub fn begin(&mut self, now: Time, current: i32) {
        if self.recommendations.is_empty() {
            self.recommendations.push((now, current));
        }
    }

    pub fn scaled(&mut self, now: Time, from: i32, to: i32) {
        let fresh = |(at, _): &(Time, i32)| now.since(*at) <= KEPT;
        self.ups.retain(fresh);
        self.downs.retain(fresh);
        match to > from {
            true => self.ups.push((now, to - from)),
            false => self.downs.push((now, from - to)),
        }
    }

    /// The recommendations of the last `seconds`.
    fn within(&self, now: Time, seconds: i32) -> impl Iterator<Item = i32> + '_ {
        let window = Duration::from_secs(seconds.max(0).unsigned_abs().into());
        let recent = self.recommendations.iter();
        recent
            .filter(move |(at, _)| now.since(*at) < window)
            .map(|(_, replicas)| *replicas)
    }

    fn recommend(&mut self, now: Time, replicas: i32) {
        self.recommendations
            .retain(|(at, _)| now.since(*at) <= KEPT);
        self.recommendations.push((now, replicas));
    }
}

fn changed(events: &[(Time, i32)], now: Time, seconds: i32) -> i32 {
    let period = Duration::from_secs(seconds.max(0).unsigned_abs().into());
    let recent = events.iter().filter(|(at, _)| now.since(*at) < period);
    recent.fold(0i32, |sum, (_, n)| sum.saturating_add(*n))
}

const IN_RANGE: (&str, &str) = (
    "DesiredWithinRange",
    "the desired count is within the acceptable range",
);
const TOO_FEW: (&str, &str) = (
    "TooFewReplicas",
    "the desired replica count is less than the minimum replica count",
);
const TOO_MANY: (&str, &str) = (
    "TooManyReplicas",
    "the desired replica count is more than the maximum replica count",
);
const UP_LIMIT: (&str, &str) = (
    "ScaleUpLimit",
    "the desired replica count is increasing faster than the maximum scale rate",
);
const DOWN_LIMIT: (&str, &str) = (
    "ScaleDownLimit",
    "the desired replica count is decreasing faster than the maximum scale rate",
);
const FEWER: (&str, &str) = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
);
const MORE: (&str, &str) = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
);

impl Pass<'_> {
    /// From what the metrics ask for to what is done now.
    pub(super) fn normalize(&mut self, current: i32, proposed: i32, least: i32) -> i32 {
        let behavior = self.new.spec.behavior.clone();
        let most = self.new.spec.max_replicas;
        let (up, down) = match &behavior {
            Some(behavior) => (behavior.scale_up.as_ref(), behavior.scale_down.as_ref()),
            None => (None, None),
        };
        let stable = self.stabilize(current, proposed, behavior.is_some(), up, down);
        let (allowed, (reason, message)) = match behavior {
            None => plain(current, stable, least, most),
            Some(_) => self.by_rules(current, stable, (least, most), up, down),
        };
        self.condition("ScalingLimited", allowed != stable, reason, message);
        allowed
    }

    fn stabilize(
        &mut self,
        current: i32,
        proposed: i32,
        by_rules: bool,
        up: Option<&HPAScalingRules>,
        down: Option<&HPAScalingRules>,
    ) -> i32 {
        let window = |rules: Option<&HPAScalingRules>, otherwise: i32| {
            rules
                .and_then(|r| r.stabilization_window_seconds)
                .unwrap_or(otherwise)
        };
        let highest = self.history.within(self.now, window(down, DOWN_WINDOW));
        let highest = highest.fold(proposed, i32::max);
        let (stable, (reason, message)) = if by_rules {
            let lowest = self.history.within(self.now, window(up, 0));
            let lowest = lowest.fold(proposed, i32::min);
            let stable = if current < lowest { lowest } else { current };
            (
                stable.min(highest),
                if proposed >= current { MORE } else { FEWER },
            )
        } else {
            (highest, FEWER)
        };
        self.history.recommend(self.now, proposed);
        let (reason, message) = match stable == proposed {
            true => ("ReadyForNewScale", "recommended size matches current size"),
            false => (reason, message),
        };
        self.condition("AbleToScale", true, reason, message);
        stable
    }

    fn by_rules(
        &self,
        current: i32,
        wanted: i32,
        (least, most): (i32, i32),
        up: Option<&HPAScalingRules>,
        down: Option<&HPAScalingRules>,
    ) -> (i32, (&'static str, &'static str)) {
        if wanted > current {
            let limit = self.limit(current, up, true).max(current);
            let (highest, why) = match most > limit {
                true => (limit, UP_LIMIT),
                false => (most, TOO_MANY),
            };
            if wanted > highest {
                return (highest, why);
            }
        } else if wanted < current {
            let limit = self.limit(current, down, false).min(current);
            let (lowest, why) = match least < limit {
                true => (limit, DOWN_LIMIT),
                false => (least, TOO_FEW),
            };
            if wanted < lowest {
                return (lowest, why);
            }
        }
        (wanted, IN_RANGE)
    }

    /// How far the policies let the number go now.
    fn limit(&self, current: i32, rules: Option<&HPAScalingRules>, up: bool) -> i32 {
        let Some(rules) = rules else { return current };
        let select = rules.select_policy.as_deref().unwrap_or("Max");
        if select == "Disabled" {
            return current;
        }
        let proposals = rules.policies.iter().flatten().map(|policy| {
            let added = changed(&self.history.ups, self.now, policy.period_seconds);
            let removed = changed(&self.history.downs, self.now, policy.period_seconds);
            let start = i64::from(current) - i64::from(added) + i64::from(removed);
            let value = i64::from(policy.value);
            let end = match (policy.type_ == "Pods", up) {
                (true, true) => start + value,
                (true, false) => start - value,
                // A part of a pod counts as a whole one upwards, and as none downwards.
                (false, true) => (start * (100 + value) + 99).div_euclid(100),
                (false, false) => start * (100 - value) / 100,
            };
            end.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
        });
        // The largest change, or the smallest.
        let far = match (select == "Min", up) {
            (false, true) | (true, false) => proposals.max(),
            (true, true) | (false, false) => proposals.min(),
        };
        far.unwrap_or(current)
    }
}

/// The bounds without a behaviour: at most twice as many at a time, or four.
fn plain(current: i32, wanted: i32, least: i32, most: i32) -> (i32, (&'static str, &'static str)) {
    let limit = current.saturating_mul(2).max(4);
    let (highest, why) = match most > limit {
        true => (limit, UP_LIMIT),
        false => (most, TOO_MANY),
    };
    if wanted < least {
        (least, TOO_FEW)
    } else if wanted > highest {
        (highest, why)
    } else {
        (wanted, IN_RANGE)
    }
}
