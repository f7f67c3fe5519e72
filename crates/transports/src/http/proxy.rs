//! What somebody at a tunnel server gets of the folder of files: the server asks for a path, and the
//! answer goes back through the tunnel. Nothing listens for it.

use std::path::Path;

use wire::arthas::Response;

use super::answer::Answer;
use super::output::{self, Rights};
use super::page;

/// The longest file that is sent so; longer ones have the HTTP port, which sends parts.
const LONGEST: u64 = 6 * 1024 * 1024;

/// The text that answers a request. Waits for the disk.
pub(crate) fn answer(request: &str, target: &str, folder: &Path, rights: Rights) -> String {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let found = match path {
        "/" | "/index.html" => page::page().into(),
        _ => output::look(folder, path, None, rights),
    };
    let (mut answer, mut content) = (found.answer, Vec::new());
    if let Some(download) = found.download {
        if answer.length.is_some_and(|length| length > LONGEST) {
            let sentence =
                "The file is longer than 6 MiB: open the HTTP port for it, which sends it in parts.";
            answer = Answer::text(413, sentence);
        } else {
            content = download.whole();
        }
    }
    content.extend_from_slice(&answer.body);
    let kind = ("Content-Type".to_owned(), answer.kind.to_owned());
    let fields =
        answer.fields.iter().filter(|(name, _)| matches!(*name, "location" | "content-security-policy"));
    let fields = fields.map(|(name, value)| ((*name).to_owned(), value.clone()));
    let headers = [kind].into_iter().chain(fields).collect();
    Response { status: i32::from(answer.status), content, headers }.answer(request).to_string()
}
