package org.apache.iceberg.rest;

import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.CatalogUtil;
import org.apache.iceberg.catalog.Catalog;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.servlet.ServletContextHandler;
import org.eclipse.jetty.servlet.ServletHolder;

/**
 * Apache Iceberg's REST fixture on 127.0.0.1 only; its own main class listens on every interface. Arguments: a port
 * and a file of catalog properties. In the fixture's package because what it calls is not public.
 */
public final class LoopbackCatalog {
  private LoopbackCatalog() {}

  public static void main(String[] args) {
    try {
      serve(Integer.parseInt(args[0]), read(Path.of(args[1])));
    } catch (Throwable failure) {
      // Jetty's threads would keep a catalog alive that could not bind its port.
      failure.printStackTrace();
      Runtime.getRuntime().halt(1);
    }
  }

  private static Map<String, String> read(Path file) throws Exception {
    Properties properties = new Properties();
    try (InputStream in = Files.newInputStream(file)) {
      properties.load(in);
    }
    Map<String, String> result = new HashMap<>();
    properties.forEach((key, value) -> result.put((String) key, (String) value));
    return result;
  }

  private static void serve(int port, Map<String, String> properties) throws Exception {
    Catalog catalog =
        CatalogUtil.buildIcebergCatalog("fixture", properties, new Configuration());
    RESTCatalogAdapter adapter =
        new RESTServerCatalogAdapter(new RESTCatalogServer.CatalogContext(catalog, properties));
    ServletContextHandler handler = new ServletContextHandler(ServletContextHandler.NO_SESSIONS);
    handler.addServlet(new ServletHolder(new RESTCatalogServlet(adapter)), "/*");
    Server server = new Server(new InetSocketAddress("127.0.0.1", port));
    server.setHandler(handler);
    server.start();
    server.join();
  }
}
