# Calibration within groups, trimming and linearised variances, with survey's api samples.
# Run in scripts/; writes ../data/apiclus1.csv and ../numbers/weights.json; apistrat.csv is the package's.
suppressPackageStartupMessages({library(survey); library(jsonlite)})
options(survey.lonely.psu = "adjust")
data(api)
kept <- c("cds", "stype", "dnum", "cnum", "api00", "api99", "ell", "meals", "enroll", "sch.wide", "comp.imp", "awards", "fpc", "pw")
write.csv(apiclus1[, kept], "../data/apiclus1.csv", row.names = FALSE, na = "")
control <- list(maxit = 2000, epsilon = 1e-12)
freq <- function(d, v, n = 1) { t <- as.data.frame(table(d[[v]])); names(t) <- c(v, "Freq"); t$Freq <- t$Freq * n; t }
told <- function(d) {
  w <- weights(d, "sampling")
  m <- svymean(~api00 + ell, d)
  by <- svyby(~api00, ~stype, d, svymean); aw <- svyby(~api00, ~awards, d, svymean)
  both <- svyby(~api00, ~stype + awards, d, svymean)
  list(weights = w, mean = as.list(coef(m)), se = as.list(SE(m)), stype = list(name = as.character(by[, 1]), mean = by[, 2], se = by$se),
    awards = list(name = as.character(aw[, 1]), mean = aw[, 2], se = aw$se),
    both = list(stype = as.character(both$stype), awards = as.character(both$awards), mean = both$api00, se = both$se))
}
out <- list(survey = as.character(packageVersion("survey")), R = R.version.string)
strat <- svydesign(id = ~1, strata = ~stype, weights = ~pw, data = apistrat)
clus <- svydesign(id = ~dnum, weights = ~pw, data = apiclus1)
plain <- svydesign(id = ~1, weights = ~pw, data = apistrat)

# Within groups: each school type has margins of its own, as each area does.
types <- c("E", "H", "M")
counts <- lapply(setNames(types, types), function(t) { p <- apipop[apipop$stype == t, ]; list(sch.wide = as.list(table(p$sch.wide)), comp.imp = as.list(table(p$comp.imp))) })
out$group_margins <- counts
formula <- ~ stype + stype:sch.wide + stype:comp.imp
totals <- colSums(model.matrix(formula, apipop))
for (f in c("linear", "raking")) out[[paste0("within_", f)]] <- told(calibrate(strat, formula, totals, calfun = f, epsilon = 1e-12, maxit = 500))
out$within_logit <- told(calibrate(strat, formula, totals, calfun = "logit", bounds = c(.5, 2), epsilon = 1e-12, maxit = 500))
out$within_unstratified <- told(calibrate(plain, formula, totals, calfun = "raking", epsilon = 1e-12, maxit = 500))
crossed <- list(~ stype + sch.wide, ~ stype + comp.imp)
cells <- lapply(crossed, function(f) as.data.frame(xtabs(f, apipop)))
out$within_rake <- told(rake(strat, crossed, cells, control = control))

# Linear with bounds that bind, clusters, and schools without a finite population.
three <- list(~stype, ~sch.wide, ~comp.imp)
margins <- list(freq(apipop, "stype"), freq(apipop, "sch.wide"), freq(apipop, "comp.imp"))
all <- colSums(model.matrix(~ stype + sch.wide + comp.imp, apipop))
out$linear_bounds <- told(calibrate(strat, ~ stype + sch.wide + comp.imp, all, calfun = "linear", bounds = c(.66, 1.45), epsilon = 1e-12, maxit = 500))
two <- colSums(model.matrix(~ stype + sch.wide, apipop))
out$clusters_linear <- told(calibrate(clus, ~ stype + sch.wide, two))
out$clusters_logit <- told(calibrate(clus, ~ stype + sch.wide, two, calfun = "logit", bounds = c(.5, 3), epsilon = 1e-12, maxit = 500))
out$clusters_rake <- told(rake(clus, three[1:2], margins[1:2], control = control))
# Counties are strata here, many with one school.
county <- svydesign(id = ~1, strata = ~cnum, weights = ~pw, data = apistrat)
out$lonely <- told(calibrate(county, ~ stype + sch.wide, two, calfun = "raking", epsilon = 1e-12, maxit = 500))

# Kept between limits, in means, while calibrated; both limits a tenth wider until margins can be met.
within <- function(fun, limits) {
  formula <- ~ stype + sch.wide + comp.imp
  mean <- sum(margins[[1]]$Freq) / nrow(apistrat)
  for (wider in 0:20) {
    low <- limits[1] * mean / 1.1^wider; high <- limits[2] * mean * 1.1^wider
    bounds <- list(lower = rep(low, nrow(apistrat)), upper = rep(high, nrow(apistrat)))
    d <- tryCatch(calibrate(strat, formula, all, calfun = fun, bounds = bounds, bounds.const = TRUE, epsilon = 1e-12, maxit = 500),
      error = function(e) NULL, warning = function(w) NULL)
    if (!is.null(d)) return(c(list(limits = limits, wider = wider), told(d)))
  }
}
out$trimmed <- list(raking = within("raking", c(.45, 1.9)), linear = within("linear", c(.45, 1.9)), wider = within("raking", c(.8, 1.2)))
write(toJSON(out, digits = 10, auto_unbox = TRUE, pretty = TRUE, na = "null"), "../numbers/weights.json")
