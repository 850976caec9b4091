//! A page over a real cluster: what it asks and hears, and whether it may change anything.

use std::rc::Rc;

use super::App;
use crate::app::model::Files;
use crate::app::real::{Ask, Follower, Guarded, Heard, Lock, Real};
use crate::app::session::Session;
use crate::app::terminal::Terminal;
use crate::app::text::say;
use crate::client::Client;
use crate::sim::Time;

impl App {
    /// A real cluster, at an instant of the wall clock: `client` reaches its API server. Nothing is
    /// simulated, and nothing is kept.
    pub fn real(real: Real, client: Rc<dyn Client>, now: Time, files: Files) -> App {
        let mut app = App::over(0, Session::replica(now), files);
        let lock = Lock::default();
        let guarded = Rc::new(Guarded::new(client, lock.clone()));
        app.terminal = Terminal::of_real(app.session.client(), guarded);
        app.real = Some((Follower::default(), lock));
        app.model.real = Some(real);
        app.catch_up();
        app
    }

    /// What a lane of the follower of a real cluster is to ask next.
    pub fn ask_real(&mut self, lane: usize) -> Option<Ask> {
        self.real.as_mut()?.0.ask(lane)
    }

    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    pub(super) fn hear(&mut self, lane: usize, heard: &Heard, now: Time) {
        let (Some((follower, _)), Some(real)) = (&mut self.real, &mut self.model.real) else {
            return;
        };
        let arrivals = follower.hear(lane, heard, self.session.timeline().cluster().server());
        real.lost = follower.is_lost();
        if real.unseen != follower.unseen {
            real.unseen.clone_from(&follower.unseen);
        }
        self.session.take_in(now, arrivals);
    }

    #[inline(never)] // it waits in the second file of the wasm until somebody wants it
    pub(super) fn allow_writes(&mut self, open: bool) {
        if let (Some((_, lock)), Some(real)) = (&self.real, &mut self.model.real) {
            lock.set(open);
            real.writable = open;
            self.model.say(match open {
                true => say!("real.unlocked.said"),
                false => say!("real.locked.said"),
            });
        }
    }
}
