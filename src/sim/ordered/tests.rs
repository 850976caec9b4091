use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::{Map, Part, Set};
use crate::sim::Rng;

/// Does the same to both kinds of map and looks for a difference after every step.
#[test]
fn a_map_is_what_a_b_tree_is() {
    for (seed, keys, steps) in [(1, 8, 2_000), (2, 300, 6_000), (3, 5_000, 20_000)] {
        let mut rng = Rng::new(seed);
        let mut ours: Map<u64, u64> = Map::new();
        let mut theirs: BTreeMap<u64, u64> = BTreeMap::new();
        for step in 0..steps {
            // Grows first, then shrinks, so that chunks split and merge.
            let grows = step < steps / 2;
            let key = rng.below(keys);
            match rng.below(12) {
                0..=3 if grows => assert_eq!(ours.insert(key, step), theirs.insert(key, step)),
                0..=3 => assert_eq!(ours.remove(&key), theirs.remove(&key)),
                4 => assert_eq!(ours.remove_entry(&key), theirs.remove_entry(&key)),
                5 => assert_eq!(ours.get(&key), theirs.get(&key)),
                6 => {
                    *ours.entry(key).or_default() += step;
                    *theirs.entry(key).or_default() += step;
                }
                7 => {
                    let (from, to) = (key, key + rng.below(keys));
                    assert!(ours.range(from..to).eq(theirs.range(from..to)));
                    assert!(ours.range(..=to).rev().eq(theirs.range(..=to).rev()));
                    assert!(ours.range(from..).eq(theirs.range(from..)));
                }
                8 if !grows => assert_eq!(ours.pop_first(), theirs.pop_first()),
                9 if !grows => assert_eq!(ours.pop_last(), theirs.pop_last()),
                10 => {
                    if let Some(value) = ours.get_mut(&key) {
                        *value += 1;
                    }
                    if let Some(value) = theirs.get_mut(&key) {
                        *value += 1;
                    }
                }
                11 if rng.below(200) == 0 => {
                    let modulus = rng.below(5) + 2;
                    ours.retain(|key, value| {
                        *value += 1;
                        key % modulus != 0
                    });
                    theirs.retain(|key, value| {
                        *value += 1;
                        key % modulus != 0
                    });
                }
                _ => {
                    assert_eq!(ours.first_key_value(), theirs.first_key_value());
                    assert_eq!(ours.last_key_value(), theirs.last_key_value());
                }
            }
            assert_eq!(ours.len(), theirs.len());
            if step % 97 == 0 {
                assert!(ours.iter().eq(theirs.iter()), "seed {seed}, step {step}");
                assert!(ours.keys().rev().eq(theirs.keys().rev()));
            }
        }
        assert!(ours.values().eq(theirs.values()));
        for value in ours.values_mut() {
            *value /= 2;
        }
        theirs.values_mut().for_each(|value| *value /= 2);
        assert_eq!(ours, ours.clone());
        let split = keys / 2;
        let (tail, their_tail) = (ours.split_off(&split), theirs.split_off(&split));
        assert!(tail.into_iter().eq(their_tail));
        assert!(ours.into_iter().rev().eq(theirs.into_iter().rev()));
    }
}

#[test]
fn a_set_is_what_a_b_tree_is() {
    let mut rng = Rng::new(4);
    let mut draw = || (0..400).map(|_| rng.below(300)).collect::<Vec<_>>();
    let (a, b) = (draw(), draw());
    let (ours, other) = (
        a.iter().copied().collect::<Set<_>>(),
        b.iter().copied().collect::<Set<_>>(),
    );
    let (theirs, their_other) = (
        a.iter().copied().collect::<BTreeSet<_>>(),
        b.iter().copied().collect::<BTreeSet<_>>(),
    );
    assert!(ours.iter().eq(theirs.iter()));
    assert!(ours.difference(&other).eq(theirs.difference(&their_other)));
    assert!(
        ours.intersection(&other)
            .eq(theirs.intersection(&their_other))
    );
    assert_eq!(ours.cmp(&other), theirs.cmp(&their_other));
    assert!(!ours.is_subset(&other) && ours.is_subset(&ours) && !ours.is_disjoint(&other));
    assert!(ours.range(50..70).eq(theirs.range(50..70)));
    let mut emptied = ours.clone();
    let mut order = Vec::new();
    while let Some(first) = emptied.pop_first() {
        order.push(first);
        if let Some(last) = emptied.pop_last() {
            order.push(last);
        }
    }
    assert_eq!(order.len(), ours.len());
    assert_eq!(order[0], 0);
    assert!(emptied.is_empty() && emptied.first().is_none());
}

#[test]
fn an_entry_that_is_left_alone_is_not_there() {
    let mut map: Map<&str, u32> = Map::new();
    let _ = map.entry("a").and_modify(|n| *n += 1);
    assert!(map.is_empty() && map.get("a").is_none());
    *map.entry("a").and_modify(|n| *n += 1).or_insert(5) += 1;
    assert_eq!(map["a"], 6);
}

#[test]
#[expect(clippy::reversed_empty_ranges, reason = "that is what is asked")]
fn a_range_from_behind_is_empty() {
    let map: Map<u32, ()> = (0..500).map(|n| (n, ())).collect();
    assert_eq!(map.range(400..100).count(), 0);
    assert_eq!(map.range(100..100).count(), 0);
}

#[test]
fn a_part_is_in_the_order_of_its_map() {
    let mut rng = Rng::new(7);
    let mut map: Map<u64, u64> = Map::new();
    let mut part = Part::default();
    let mut theirs: BTreeMap<u64, u64> = BTreeMap::new();
    for step in 0..20_000 {
        let key = rng.below(3_000);
        match rng.below(4) {
            // Another value changes nothing in the part.
            0 | 1 => {
                let (slot, old) = map.put(key, step);
                if old.is_none() && key.is_multiple_of(3) {
                    part.insert(&map, slot);
                    theirs.insert(key, step);
                } else if let Some(value) = theirs.get_mut(&key) {
                    *value = step;
                }
            }
            2 => {
                if let Some(slot) = map.slot(&key) {
                    part.remove(&map, slot);
                    map.remove(&key);
                    theirs.remove(&key);
                }
            }
            _ => {
                // It stays in the map.
                if let Some(slot) = map.slot(&key) {
                    part.remove(&map, slot);
                    theirs.remove(&key);
                    part.insert(&map, slot);
                    part.insert(&map, slot);
                    if let Some(value) = map.get(&key) {
                        theirs.insert(key, *value);
                    }
                }
            }
        }
        assert_eq!(part.len(), theirs.len());
        if step % 199 == 0 {
            assert!(part.values(&map).eq(theirs.values()));
        }
    }
    assert!(part.len() > 500);
}

#[test]
fn what_is_missing_is_sought_once_before_it_is_put_in() {
    #[derive(PartialEq, Eq, PartialOrd)]
    struct Key<'c>(u64, &'c Cell<usize>);
    impl Ord for Key<'_> {
        fn cmp(&self, other: &Self) -> Ordering {
            self.1.set(self.1.get() + 1);
            self.0.cmp(&other.0)
        }
    }
    let compared = Cell::new(0);
    let key = |n| Key(n, &compared);
    let mut map: Map<Key<'_>, u64> = (0..10_000).map(|n| (key(n * 2), n)).collect();
    for missing in [5_001, 19_999, 30_000, 1, 9_999] {
        assert!(map.get(&key(missing)).is_none());
        compared.set(0);
        assert!(map.get_mut(&key(missing)).is_none());
        assert!(map.insert(key(missing), 0).is_none());
        assert!(map.get(&key(missing)).is_some());
        assert!(compared.get() <= 6, "{} for {missing}", compared.get());
    }
}
