# Weighted means of domains with areas as strata: survey. Run in scripts/; writes ../numbers/measures.json.
# The rows are api schools: counties stand for areas, school types for units that lie across them.
suppressPackageStartupMessages({library(survey); library(jsonlite)})
d <- read.csv("../data/apistrat.csv")
d$low <- as.integer(d$api00 < 600)
options(survey.lonely.psu = "adjust")
told <- function(design, f, by) {
  m <- svyby(f, by, design, svymean)
  list(unit = as.character(m[[1]]), mean = as.numeric(coef(m)), se = as.numeric(SE(m)))
}
# A unit is a set of whole strata, so its own design is that of its rows.
apart <- function(v) {
  u <- lapply(sort(unique(d$unit)), function(g) {
    m <- svymean(v, svydesign(ids = ~1, strata = ~cname, weights = ~pw, data = d[d$unit == g, ]))
    c(as.numeric(coef(m)), as.numeric(SE(m)))
  })
  list(unit = sort(unique(d$unit)), mean = sapply(u, `[`, 1), se = sapply(u, `[`, 2))
}
d$unit <- as.integer(factor(d$cname)) %% 4
out <- list(survey = as.character(packageVersion("survey")), mean = apart(~api00), low = apart(~low),
            whole = local({m <- svymean(~api00, svydesign(ids = ~1, strata = ~cname, weights = ~pw, data = d)); c(coef(m), SE(m))}))
write(toJSON(out, digits = 12, auto_unbox = TRUE, pretty = TRUE), "../numbers/measures.json")
