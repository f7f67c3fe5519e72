//! Interrupting a thread.

use crate::Host;
use crate::error::Result;

impl Host {
    /// Calls `interrupt()` of the live platform thread with this number, and gives its name; `None` where there is none.
    pub fn interrupt(&self, id: i64) -> Result<Option<String>> {
        self.vm.with_env(|env| {
            let Some(thread) = self.thread_by_id(env, id)? else { return Ok(None) };
            let name = self.thread_fields(env)?.facts(env, &thread)?.name;
            env.call::<()>(&thread, "interrupt", "()V", &[])?;
            Ok(Some(name))
        })
    }
}
