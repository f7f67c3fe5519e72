//! An assistant's tools at `/mcp`: what they have to say goes to the connections here.

use super::answer::Answer;
use super::{Http, mcp};
use crate::core::Core;
use crate::mcp::Post;

impl Http {
    /// Whether the tools are here, as the options say.
    pub(super) fn look_after_tools(&mut self, core: &mut Core) {
        let mcp = core.options.mcp_address();
        let has_tools = mcp.is_some() && mcp == self.door.wanted();
        if self.has_tools && !has_tools {
            self.mcp.leave(core);
        }
        self.has_tools = has_tools;
        if has_tools {
            self.mcp.look_after_tools(core);
        }
        self.post(core);
    }

    /// Takes what waited for a disk, for a tool.
    pub(crate) fn filed(&mut self, news: &mcp::News, core: &mut Core) {
        self.mcp.filed(news, core);
        self.post(core);
    }

    /// Says what the tools have to say.
    pub(super) fn post(&mut self, core: &mut Core) {
        for (token, post) in self.mcp.posts() {
            let Some(connection) = self.connections.get_mut(&token) else { continue };
            let events = || Answer::new(200, "text/event-stream", Vec::new());
            match post {
                Post::Begin => connection.begin(events(), core.now),
                Post::Event(text) => {
                    if !connection.is_in_parts() {
                        connection.begin(events(), core.now);
                    }
                    connection.part(text.as_bytes(), false, core.now);
                }
                Post::End(text) if connection.is_in_parts() => {
                    connection.part(text.unwrap_or_default().as_bytes(), true, core.now);
                    connection.finish(core.now);
                }
                Post::End(text) => {
                    let answer = Answer { body: text.unwrap_or_default().into_bytes(), ..events() };
                    connection.answer(answer, None, core.now);
                }
                Post::Answer(answer) => connection.answer(answer, None, core.now),
            }
            core.again.insert(token);
        }
    }
}
