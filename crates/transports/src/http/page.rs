//! The page at `/`: one line to type a command into, and its results. No third-party code is carried
//! into a container for it; a terminal is one `oxprobe console` or the tunnel's console away.

use super::answer::Answer;
use crate::random;

const PAGE: &str = r#"<!DOCTYPE html><html lang=en><meta charset=utf-8><title>oxprobe</title>
<style nonce=NONCE>body{font:14px monospace;margin:2em}input{width:100%;font:inherit}pre{white-space:pre-wrap}</style>
<h1>oxprobe</h1><form><input autofocus placeholder="thread -n 3" aria-label=Command></form>
<p>Results as data; <a href=/arthas-output/>files</a>; terminals speak WebSocket at /ws.</p><pre></pre>
<script nonce=NONCE>
const [form,field,out]=['form','input','pre'].map(n=>document.querySelector(n));
form.onsubmit=async e=>{e.preventDefault();out.textContent='…';
try{const r=await fetch('/api',{method:'POST',body:JSON.stringify({action:'exec',command:field.value})});
const a=await r.json();out.textContent=a.body?a.body.results.map(x=>JSON.stringify(x,null,2)).join('\n'):a.message}
catch(why){out.textContent=why}}
</script></html>
"#;

/// The page.
pub(super) fn page() -> Answer {
    let nonce = match random::name() {
        Ok(nonce) => nonce,
        Err(why) => return Answer::text(500, why),
    };
    let policy = format!(
        "default-src 'none'; connect-src 'self'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    );
    Answer::new(200, "text/html; charset=utf-8", PAGE.replace("NONCE", &nonce))
        .with("content-security-policy", policy)
}
