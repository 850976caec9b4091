//! What clusters hold in memory. The bytes that were asked for depend on neither the machine nor on what else it
//! does, so they can be held to a bound where time cannot.

#![allow(dead_code, reason = "the bench uses the rest")]
#![allow(clippy::disallowed_methods, reason = "the meter can measure time")]

#[path = "../benches/cluster/meter.rs"]
mod meter;
#[path = "../benches/cluster/scenes.rs"]
mod scenes;

/// The bytes that a scene's cluster holds when so many pods have been created in it.
fn held(what: &str, pods: u32) -> i64 {
    let scene = scenes::all().into_iter().find(|s| s.what == what);
    let scene = scene.expect("the bench has it");
    let before = meter::held();
    let mut cluster = (scene.prepare)(pods);
    (scene.run)(&mut cluster, pods);
    meter::held() - before
}

/// How much more each of these pods holds than those that are there anyway: the object, the versions before it,
/// its events, what the components know of it, and why it all happened.
fn each(what: &str, few: u32, many: u32) -> i64 {
    (held(what, many) - held(what, few)) / i64::from(many - few)
}

#[test]
fn a_pod_holds_so_much() {
    let each = each("create", 50, 250);
    println!("{each} bytes for each pod");
    assert!(each < 46_000, "{each} bytes for each pod");
}

/// Each change of a pod makes another version of all addresses: that is kept within bounds.
#[test]
fn a_pod_behind_a_service_holds_so_much() {
    let each = each("create with a Service", 50, 250);
    println!("{each} bytes for each pod");
    assert!(each < 39_500, "{each} bytes for each pod");
}
