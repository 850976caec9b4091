use kubarium::sim::secs;

use crate::common::{bare, created, get};

#[test]
fn what_is_created_stays() {
    let mut cluster = bare(3);
    created(
        &mut cluster,
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: b}}",
    );
    cluster.run_for(secs(60));
    let read = get(&mut cluster, "/api/v1/namespaces/default/configmaps/c");
    assert_eq!(read["data"]["a"], "b");
}
