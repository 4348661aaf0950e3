"""How our pages look: light and dark, wide and narrow. Colours of lines and areas never stand alone."""

STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1c2024; --soft: #5b6470; --line: #d9dee4;
  --raised: #f5f7f9; --good: #116329; --bad: #b3261e; --bar: #12344d;
  --c0: #1f6feb; --c1: #9a5b00; --c2: #b02a6b; --c3: #2a7f55; --c4: #7a4fc0; --c5: #6f6a00; --c6: #4b6b7c; }
@media (prefers-color-scheme: dark) { :root { --back: #14171a; --text: #e6e9ec; --soft: #9aa4af;
  --line: #343b42; --raised: #1c2126; --good: #57c278; --bad: #ff8a80;
  --c0: #6cb0ff; --c1: #f0b45a; --c2: #f58ac0; --c3: #5fd0a0; --c4: #bf9bff; --c5: #d8cf5a; --c6: #9fb8c6; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 0 1rem 3rem; max-width: 68rem; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
a { color: var(--c0); }
nav.pages { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; padding: .6rem 1rem; margin: 0 -1rem 1rem;
  background: var(--bar); }
nav.pages a { color: #fff; text-decoration: none; padding: .15rem 0; border-bottom: 2px solid transparent; }
nav.pages a:hover, nav.pages a[aria-current] { border-color: #fff; }
h1 { font-size: 1.6rem; margin: .5rem 0; } h2 { margin: 2.5rem 0 .5rem; } h3 { margin: 1.8rem 0 .4rem; }
.note, dt, figcaption { color: var(--soft); } .note { margin: .3rem 0; }
.tally { font-size: 1.15rem; }
code { font-size: .92em; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--raised); padding: .6rem; border-radius: .4rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .4rem; margin: .4rem 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { text-align: left; padding: .35rem .7rem; border-top: 1px solid var(--line); vertical-align: top; }
td { overflow-wrap: break-word; }
th { background: var(--raised); border-top: 0; white-space: nowrap; }
td:first-child { min-width: 9rem; }
tr:target td, section:target > h3 { background: var(--raised); }
.met, .better { color: var(--good); font-weight: 600; } .missed, .worse { color: var(--bad); font-weight: 600; }
.unmeasured { color: var(--soft); } .whole, .better, .worse { white-space: nowrap; }
figure { margin: 1.2rem 0; } figcaption { margin-bottom: .2rem; } figcaption b { color: var(--text); }
svg { width: 100%; height: auto; max-width: 48rem; display: block; font-size: 12px; }
svg text { fill: var(--soft); } .grid { stroke: var(--line); }
.pin { stroke: var(--soft); stroke-dasharray: 2 4; } .pins { font-size: .85em; }
.s0 { --of: var(--c0); } .s1 { --of: var(--c1); } .s2 { --of: var(--c2); } .s3 { --of: var(--c3); }
.s4 { --of: var(--c4); } .s5 { --of: var(--c5); } .s6 { --of: var(--c6); } .whole-line { --of: var(--text); }
circle, polygon { fill: var(--of); } svg text.name { fill: var(--of); font-weight: 600; }
polygon { opacity: .55; stroke: var(--back); } .whisker { stroke: var(--of); opacity: .45; stroke-width: 3; }
polyline { fill: none; stroke: var(--of); stroke-width: 2; } polyline.s1 { stroke-dasharray: 7 3; }
polyline.s2 { stroke-dasharray: 2 3; }
img { max-width: 100%; } .scroll img { max-width: none; width: 60rem; display: block; }
summary { cursor: pointer; padding: .3rem 0; }
@media (max-width: 34rem) { body { padding: 0 .7rem 2rem; } nav.pages { margin: 0 -.7rem .7rem; padding: .5rem .7rem; }
  dl { display: block; } dd { margin-bottom: .4rem; }
  svg { font-size: 20px; } thead { display: none; }
  table, tbody, tr { display: block; } tr { padding: .4rem 0; }
  tr + tr { border-top: 1px solid var(--line); }
  td { display: grid; grid-template-columns: 6.2rem minmax(0, 1fr); gap: .5rem;
    border: 0; padding: .1rem .6rem; overflow-wrap: anywhere; }
  td::before { content: attr(data-column); color: var(--soft); font-weight: 400; } }
"""
