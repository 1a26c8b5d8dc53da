/// The style of the page. Text against its background has a contrast of 4.5 or more (WCAG 2.1, AA); what colour says, a sign says too.
enum HTMLStyle {
    static let sheet = """
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 72rem; padding: 1.5rem; background: #fff; color: #1a1a1a; line-height: 1.45;
          font-family: "DejaVu Sans", "Liberation Sans", Arial, sans-serif; font-size: 0.95rem; }
        h1 { margin: 0; font-size: 1.7rem; color: #12315a; }
        .subtitle { margin: 0.2rem 0 1.2rem; font-size: 1.05rem; color: #3a3a3a; }
        h2 { margin: 2rem 0 0.8rem; padding-bottom: 0.2rem; border-bottom: 2px solid #12315a; font-size: 1.25rem; color: #12315a; }
        h3 { margin: 1.2rem 0 0.4rem; font-size: 1.05rem; color: #12315a; }
        nav ol { columns: 2 18rem; column-gap: 2rem; margin: 0; padding: 0; }
        nav li { margin-left: 1.8rem; }
        a { color: #0b4f9e; }
        .table { margin: 0.6rem 0 1.2rem; overflow-x: auto; }
        .table:focus-visible, a:focus-visible { outline: 3px solid #0b4f9e; outline-offset: 2px; }
        table { width: 100%; border-collapse: collapse; font-size: 0.85rem; }
        table.wide { font-size: 0.78rem; }
        table.pair th:first-child { width: 34%; }
        caption { padding: 0.3rem 0; text-align: left; font-size: 0.85rem; font-weight: bold; color: #1a1a1a; }
        th, td { padding: 0.3rem 0.45rem; border: 1px solid #767676; text-align: left; vertical-align: top; overflow-wrap: break-word; }
        .long { overflow-wrap: anywhere; }
        .tight { white-space: nowrap; }
        thead th { background: #e3eaf4; color: #12315a; }
        tbody th { font-weight: 600; background: #f6f8fb; }
        code, pre { font-family: "DejaVu Sans Mono", "Liberation Mono", monospace; font-size: 0.9em; }
        pre { padding: 0.7rem; border: 1px solid #767676; background: #f6f8fb; white-space: pre-wrap; overflow-wrap: anywhere; }
        .note { margin: 0.6rem 0; padding: 0.5rem 0.8rem; border-left: 4px solid #12315a; background: #eef3fa; }
        .good { color: #0b5d1e; }
        .minor { color: #7a4300; }
        .bad { color: #a3111f; font-weight: 600; }
        .unknown { color: #59307a; font-style: italic; }
        .note.good { border-color: #0b5d1e; background: #eaf6ec; }
        .note.minor { border-color: #7a4300; background: #fdf3e4; }
        .note.bad { border-color: #a3111f; background: #fdecee; }
        .note.unknown { border-color: #59307a; background: #f4eefa; }
        @media screen and (max-width: 48rem) {
          body { padding: 1rem; }
          .long { min-width: 11rem; }
        }
        @page { size: A4; margin: 18mm 13mm;
          @top-left { width: 100%; padding-bottom: 2mm; color: #3a3a3a; text-align: left; vertical-align: bottom;
            font: 7.5pt "DejaVu Sans", "Liberation Sans", Arial, sans-serif; }
          @bottom-right { content: counter(page) " / " counter(pages); color: #3a3a3a;
            font: 8pt "DejaVu Sans", "Liberation Sans", Arial, sans-serif; } }
        @media print {
          body { max-width: none; padding: 0; font-size: 9pt; }
          h1, h2, h3, caption, thead { break-after: avoid; }
          h1, h2, h3, tr, .note, main ol, pre, .short { break-inside: avoid; }
          section > p:last-child, main ol, pre { break-before: avoid; }
          thead { display: table-header-group; }
          tbody tr:first-child:not(:last-child) { break-after: avoid; }
          tbody tr:last-child:not(:first-child) { break-before: avoid; }
          .table { overflow: visible; }
          table, caption { font-size: 7.6pt; }
          table.wide { font-size: 7pt; }
          th, td { padding: 0.9mm 1.2mm; }
          a { color: inherit; text-decoration: none; }
          nav a { color: #0b4f9e; }
          nav a::after { content: leader(" ") target-counter(attr(href), page); }
          main p a::after { content: " (p. " target-counter(attr(href), page) ")"; }
        }
        """
}
