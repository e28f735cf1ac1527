# Two-level confirmatory factor analysis by lavaan. Writes ../numbers/two_levels_simulated.json.
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})
x <- read.csv("../data/areas_simulated.csv")
one <- "level: 1\n fw =~ a + b + c + d + e\nlevel: 2\n fb =~ a + b + c + d + e"
two <- "level: 1\n fw =~ a + b + c + d + e\n a ~~ b\nlevel: 2\n fb =~ a + b + c + d + e"
told <- function(m) { f <- cfa(m, x, cluster = "area"); p <- parameterEstimates(f); z <- fitMeasures(f)
  h <- lavInspect(f, "sampstat")
  list(fit = as.list(z[c("npar", "chisq", "df", "cfi", "tli", "rmsea", "logl", "unrestricted.logl", "aic", "bic", "srmr_within", "srmr_between", "baseline.chisq", "baseline.df")]),
    estimates = lapply(seq_len(nrow(p)), function(i) list(lhs = p$lhs[i], op = p$op[i], rhs = p$rhs[i], level = p$level[i], est = p$est[i], se = p$se[i])),
    within = h$within$cov, between = h$area$cov, icc = as.list(lavInspect(f, "icc"))) }
S <- function(o) if (is.list(o)) lapply(o, S) else if (is.numeric(o)) signif(o, 9) else o
o <- list(meta = list(R = R.version.string, lavaan = as.character(packageVersion("lavaan"))), one = told(one), two = told(two))
writeLines(toJSON(S(o), auto_unbox = TRUE, digits = NA, pretty = TRUE), "../numbers/two_levels_simulated.json")
